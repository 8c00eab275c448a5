namespace WafOperator.Resources.Tests;

/// <summary>Finds files of the checkout from the folder that tests run in.</summary>
internal static class RepositoryPaths
{
    public static string Root { get; } = Find();

    public static string At(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "WafOperator.sln"))) return folder.FullName;
        throw new InvalidOperationException("WafOperator.sln is not above the test's folder");
    }
}
