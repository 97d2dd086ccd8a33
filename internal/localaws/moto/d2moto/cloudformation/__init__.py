"""CloudFormation: templates in, resources made through the service APIs, stacks out."""
