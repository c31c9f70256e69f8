"""Networks: from weights on disk to masks; training is in `learn`, years of samples in `detect`.

model_files, normalization        config.json and weights.pth; what inputs are normalized with
identity                          which model it is, by all that its masks depend on
architectures, cgnet, library     what a model can be
padding                           what a convolution sees beyond a map's edges
predictor                         the reference path: torch, float32
runtimes, devices                 the fast paths, and where they run
kept_networks, openvino_core      networks that OpenVINO has compiled
slopes                            PReLU, with a quicker gradient on a CPU
mirror_average                    a network that means a map and its mirror image
learned_grid, trained_grid        the spacing it learned on, and the grid it looks at
plausible_input                   fields held against what the network knows
scores                            scores from a confusion matrix
"""
