using System.Runtime.Versioning;
using WafOperator.E2e.Scenarios.Environment;
using WafOperator.Resources.Models;

namespace WafOperator.E2e.Scenarios.Rollouts;

/// <summary>A package on a PersistentVolumeClaim.</summary>
[Collection(RolloutCollection.Name)]
[UnsupportedOSPlatform("windows")]
public sealed class ClaimScenarios(RolloutShop shop)
{
    // A volume on the node's disk.
    [ClusterFact(IsLocalOnly = true)]
    public async Task A_package_on_a_claim_is_read_by_a_job_and_goes_into_shadow()
    {
        var package = CandidatePackages.EqualNetwork("1.3.0");
        var folder = Directory.CreateTempSubdirectory("waf-claim-").FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        await File.WriteAllBytesAsync(Path.Combine(folder, "model.tar"), package.Archive);
        var volume = "models-" + shop.Shop.Namespace;
        try
        {
            await shop.Kubectl.ApplyAsync(Volume(volume, folder));
            await shop.ApplyAsync(
                "claim", RolloutShop.Manifest(
                    package.Model, package.Version, $"{{uri: 'pvc://models/model.tar', digest: '{package.Digest}'}}"),
                RolloutShop.QuickRollout, RolloutShop.NoGates);

            await shop.ReachesAsync("claim", ModelPhase.Shadow);

            await shop.PatchSpecAsync("claim", """{"abort": true}""");
            await shop.RestoredAsync("claim", TimeSpan.FromSeconds(15));
        }
        finally
        {
            await Shop.Everywhere.TryAsync(["delete", "persistentvolume", volume, "--wait=false"]);
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Volume(string name, string folder) => $$"""
        apiVersion: v1
        kind: PersistentVolume
        metadata:
          name: {{name}}
        spec:
          capacity: {storage: 1Gi}
          accessModes: [ReadWriteMany]
          storageClassName: {{name}}
          persistentVolumeReclaimPolicy: Retain
          hostPath:
            path: {{folder}}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: models
        spec:
          accessModes: [ReadWriteMany]
          storageClassName: {{name}}
          volumeName: {{name}}
          resources:
            requests: {storage: 1Gi}
        """;
}
