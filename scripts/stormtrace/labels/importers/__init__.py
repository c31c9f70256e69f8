"""Importers of annotations, one a format; each yields what one annotator drew on one picture.

climatecontours    LabelMe's XML
label_studio       JSON: brushes, polygons, rectangles, ellipses
webknossos         zips of voxels: volumes, of zarr_chunks or wkw_chunks (chunked_volumes)
climatenetlarge    netCDF over annotators, times and classes
coco               JSON: polygons and run lengths
surface_bulletins  CODSUS: fronts as text
front_masks        netCDF of fronts, a layer a kind
pixel_codes        PNG and NPY of codes

annotation         what they all return
outlines_to_cells  the pixels of an outline, by a rule that is stated
netcdf_axes        latitudes, longitudes, names and times of netCDF
pictures           sizes of pictures, and JSON of other programs
"""
