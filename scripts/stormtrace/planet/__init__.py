"""The mini planet: a small synthetic Earth in CESM's, MERRA-2's and ClimateNet's file formats.

One weather in closed form, seen at any place, pressure and time::

    sphere, terrain      where: points, smooth random waves, mountains
    sky                  what a column is made of: moisture and wind times functions of pressure
    climates, weather    the background, and how a warmer climate differs
    storms, population   rivers, cyclones and their look-alikes; who is born where and when
    globe                all of it together
    *_files, truth       how the models, the analysis and the experts write it down; what is true
"""
