"""What DAG files share. Only here does the library import Airflow, and nothing heavy at import time."""
