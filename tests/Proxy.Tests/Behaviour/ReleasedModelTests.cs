using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Behaviour;

namespace WafOperator.Proxy.Tests.Behaviour;

/// <summary>Packages of behaviour as they were released: they load, and their golden vectors hold.</summary>
public sealed class ReleasedModelTests
{
    [Fact]
    public void Conduct_Loads_AndIsRefusedWhenAByteOrItsNameDiffers()
    {
        var archive = File.ReadAllBytes(Path.Combine(Packages(), "conduct-1.0.0.tar"));
        var blob = new ModelBlob { Version = "1.0.0", Digest = ModelPackageReader.DigestOf(archive) };

        var model = BehaviourModels.Load(archive, "conduct", blob, out var error);

        Assert.Null(error);
        Assert.InRange(model!.Model.Plan.Count, 50, 256);
        Assert.Null(BehaviourModels.Load(archive, "anomaly", blob, out error));
        Assert.Contains("not anomaly", error, StringComparison.Ordinal);
        Assert.Null(BehaviourModels.Load(archive, "conduct", blob with { Version = "1.0.1" }, out _));
        var changed = archive.ToArray();
        changed[archive.Length / 2] ^= 1;
        Assert.Null(BehaviourModels.Load(changed, "conduct", blob, out error));
        Assert.NotNull(error);
    }

    private static string Packages()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var packages = Path.Combine(folder.FullName, "models", "packages");
            if (Directory.Exists(packages)) return packages;
        }

        throw new InvalidOperationException("models/packages is not above the test's folder");
    }
}
