"""What a cluster's own controllers, scheduler and nodes would do: from a Deployment to pods that are ready, or not."""
