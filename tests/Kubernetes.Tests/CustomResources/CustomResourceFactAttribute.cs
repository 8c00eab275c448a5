namespace WafOperator.Kubernetes.Tests.CustomResources;

/// <summary>
/// A test against today's custom-resource server. Compiling that takes minutes and 350 MB of packages, too much for
/// <c>./test --fast</c>, so there it is left out where nobody built it. <c>./test</c> builds it first and leaves out
/// nothing.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CustomResourceFactAttribute : FactAttribute
{
    public CustomResourceFactAttribute()
    {
        if (IsSkipped) Skip = "left out of ./test --fast: build the server with e2e/cluster/build-custom-resources.sh";
    }

    public static bool IsSkipped
    {
        get
        {
            if (Environment.GetEnvironmentVariable("WAF_TEST_ALL") is { Length: > 0 }) return false;
            var cache = Environment.GetEnvironmentVariable("WAF_CACHE") is { Length: > 0 } set
                ? set
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache/waf-operator");
            return !File.Exists(Path.Combine(cache, "custom-resources", "bin", "apiextensions-apiserver"));
        }
    }
}
