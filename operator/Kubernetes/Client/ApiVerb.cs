namespace WafOperator.Kubernetes.Client;

/// <summary>What is done to a resource, in RBAC's words.</summary>
public enum ApiVerb
{
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
}
