"""The only code that knows DynamoDB, Stripe, Cognito, SQS and SSM."""
