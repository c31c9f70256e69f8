"""Labelling campaigns: times chosen, drawn, and written as a project of Label Studio.

campaign_block       a campaign, in the study's YAML
field_scales         colours and range of each field
choosing             which times: random, stratified, where an ensemble disagrees
campaign_masks       what the choice and the pre-annotations take from masks
field_pictures       fields as pictures, a pixel a cell
labelling_project    tasks with their pre_annotations, labelling interface, instructions
assistance           boxes and points to masks, by a user's own segmentation network
campaign_making      all of it
"""
