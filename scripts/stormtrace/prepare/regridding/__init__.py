"""From the mesh of the raw files to a grid, as one sparse matrix.

matrix        the matrix, and how it is applied
kernel        the product with eight fields at a time
matrix_files  ESMF's format: written, read and checked
orientation   a proof that a matrix brings values to where they belong
common_points values on other points than those of a dataset's first file
makers        who makes a matrix, and by which method
bilinear      on rectilinear meshes and CAM-SE's elements; and the elements' own polynomials
delaunay      in the triangles of any cloud of points
conservative  by the areas that cells share
esmf          by ESMF itself, where it is installed
"""
