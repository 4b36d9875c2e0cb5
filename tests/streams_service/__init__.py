"""DynamoDB Streams as its documentation and other readers' bugs describe it: a model, and a server for it."""
