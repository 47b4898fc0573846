"""A lake whose Parquet files are on S3, or on what speaks its protocol."""
