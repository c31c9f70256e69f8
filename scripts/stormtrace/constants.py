"""Physical constants, as the models themselves have them."""

#: Radius of the Earth in km: CESM's own (SHR_CONST_REARTH).
EARTH_RADIUS_KM = 6371.22

#: Acceleration of gravity in m s-2: CESM's own (SHR_CONST_G), also E3SM's.
GRAVITY = 9.80616

#: m/s.
KNOT = 1852 / 3600
