namespace WafOperator.E2e.Scenarios.Environment;

/// <summary>Files of the checkout that the tests run in.</summary>
public static class Repository
{
    private static readonly Lazy<string> Root = new(() =>
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "WafOperator.sln")))
            folder = Path.GetDirectoryName(folder)
                ?? throw new InvalidOperationException("the tests run outside of the repository");
        return folder;
    });

    public static string PathOf(params string[] parts) => Path.Combine([Root.Value, .. parts]);
}
