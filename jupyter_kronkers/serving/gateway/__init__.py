"""The gateway: the process that answers predictions. It knows no SQL, no MLflow and no pandas."""
