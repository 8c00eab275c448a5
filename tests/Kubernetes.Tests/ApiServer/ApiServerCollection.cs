namespace WafOperator.Kubernetes.Tests.ApiServer;

/// <summary>Tests that share one API server; each works in a namespace of its own.</summary>
[CollectionDefinition(Name)]
public sealed class ApiServerCollection : ICollectionFixture<TestApiServer>
{
    public const string Name = "API server";
}
