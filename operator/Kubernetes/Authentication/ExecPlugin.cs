namespace WafOperator.Kubernetes.Authentication;

/// <summary>A credential plug-in as a kubeconfig names it.</summary>
internal sealed record ExecPlugin(string Command, string ApiVersion)
{
    public IReadOnlyList<string> Arguments { get; init; } = [];

    public IReadOnlyList<(string Name, string Value)> Environment { get; init; } = [];

    public string? InstallHint { get; init; }

    // Arguments and variables may hold secrets.
    public override string ToString() => $"exec {Command}";
}
