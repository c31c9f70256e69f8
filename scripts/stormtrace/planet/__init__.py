"""The mini planet: a small synthetic Earth in CESM's, MERRA-2's and ClimateNet's file formats.

One weather in closed form, at any place, pressure and time::

    smooth_fields        points, and smooth random waves
    terrain              mountains
    sky                  columns: moisture and wind times functions of pressure
    climates, weather    the background, and how a warmer climate differs
    storms, population   rivers, cyclones and their look-alikes; which are born where and when
    fronts               lines across which air masses meet, in the part that has them
    feature_codes        the classes of events
    globe                all of it together
    times, settings      the days of a part; the `planet:` block of the study
    parts                the parts by name
    *_files              raw files as the models, the analysis and the experts write them
    truth                masks and events as they really were
"""
