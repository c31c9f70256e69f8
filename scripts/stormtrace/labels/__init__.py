"""Labelled samples before anything is learned from them: made of annotations, and checked.

annotation_blocks  where annotations are and how they become labels, in the study's YAML
importers          one for each format of a labelling tool
importing          annotations to class codes on a grid (label_times, placing, labelling_store)
campaigns          times for people to label, as projects of Label Studio
labelled_making    those, and the fields of a dataset, to labelled samples
brush_rle          Label Studio's brushes, read and written
quality            faults of labelled samples
agreement          experts against each other
"""
