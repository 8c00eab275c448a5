namespace WafOperator.Controllers.Tests.Models;

/// <summary>A test against a real server that a Debian package brings; skipped where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class InstalledFactAttribute : FactAttribute
{
    /// <param name="file">A file of the package.</param>
    /// <param name="package">Its name.</param>
    public InstalledFactAttribute(string file, string package)
    {
        if (!File.Exists(file)) Skip = $"needs Debian's package {package}: ./test installs it";
    }
}

/// <summary>The same for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class InstalledTheoryAttribute : TheoryAttribute
{
    /// <param name="file">A file of the package.</param>
    /// <param name="package">Its name.</param>
    public InstalledTheoryAttribute(string file, string package)
    {
        if (!File.Exists(file)) Skip = $"needs Debian's package {package}: ./test installs it";
    }
}
