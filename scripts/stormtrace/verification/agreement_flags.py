"""Flags of the scripts that hold experiments against each other."""

import argparse

from stormtrace import commandline
from stormtrace.verification.agreement_files import Asked


def add_agreement_flags(parser: argparse.ArgumentParser) -> None:
    """Add what says which members are held against each other, and how."""
    parser.add_argument(
        "--members", type=commandline.from_json, required=True, help="what is compared, JSON"
    )
    parser.add_argument(
        "--regions", type=commandline.from_json, default={}, help="name -> box, JSON"
    )
    parser.add_argument("--lags", type=float, nargs="+", default=[0.0], help="hours")
    parser.add_argument("--of", choices=("masks", "events"), default="masks", help="cells of what")
    parser.add_argument(
        "--catalogues", type=commandline.from_json, default={}, help="tables of events, JSON"
    )
    parser.add_argument("--radius", type=float, default=200.0, help="km, to a catalogue's points")
    parser.add_argument("--name", required=True, help="name of the agreement, kept in the files")
    commandline.add_classes(parser)


def asked_of(args: argparse.Namespace) -> Asked:
    """Return what parsed flags ask for."""
    return Asked(
        name=args.name,
        members=args.members,
        regions=args.regions,
        catalogues=args.catalogues,
        lags_h=args.lags,
        of=args.of,
        radius_km=args.radius,
    )
