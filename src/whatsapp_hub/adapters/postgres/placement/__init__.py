"""Moving a tenant's rows between `pooled` and a schema of their own."""
