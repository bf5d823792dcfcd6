"""What stands between API Gateway, a queue or the bus and a use case."""
