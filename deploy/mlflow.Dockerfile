# The server of compose.yaml: the MLflow of pyproject.toml and a driver for PostgreSQL.
FROM python:3.11-slim
RUN pip install --no-cache-dir mlflow==3.17.2 "psycopg[binary]==3.3.9" \
    && useradd --create-home mlflow \
    && install --directory --owner mlflow /srv/artifacts
USER mlflow
WORKDIR /tmp
