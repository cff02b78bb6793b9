"""The forms in which rows come and answers go: MLflow's scoring protocol, the Open Inference Protocol, Arrow."""
