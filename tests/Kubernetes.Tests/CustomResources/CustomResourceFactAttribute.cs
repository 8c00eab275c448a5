namespace WafOperator.Kubernetes.Tests.CustomResources;

/// <summary>
/// A test against today's custom-resource server. Building that takes long and needs the network, so it is skipped
/// where it was not built yet, except in a full run.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CustomResourceFactAttribute : FactAttribute
{
    public CustomResourceFactAttribute()
    {
        if (IsSkipped) Skip = "the custom-resource server is not built: e2e/cluster/build-custom-resources.sh";
    }

    public static bool IsSkipped
    {
        get
        {
            if (Environment.GetEnvironmentVariable("WAF_E2E_CLUSTER") is { Length: > 0 }) return false;
            var cache = Environment.GetEnvironmentVariable("WAF_CACHE") is { Length: > 0 } set
                ? set
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache/waf-operator");
            return !File.Exists(Path.Combine(cache, "custom-resources", "bin", "apiextensions-apiserver"));
        }
    }
}
