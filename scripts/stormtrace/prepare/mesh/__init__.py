"""The points and cells that raw files come on.

meshes        points in the order of the file, and their distances
mesh_reading  the mesh of a dataset, read from its files
mesh_axes     rows and columns of a rectilinear mesh, in order
mesh_bounds   CF's bounds: edges of rows and columns, or corners of cells
axis_cells    what a row or column covers
mesh_cells    cells of a mesh, by CF's bounds or from a SCRIP, ESMF, UGRID or MPAS file
camse         CAM's spectral elements, recognised from the points alone
"""
