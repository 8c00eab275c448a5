using System.Text.Json.Nodes;
using WafOperator.Injection.Containers;

namespace WafOperator.Injection.Capture;

/// <summary>
/// Whether the containers of the sidecar run their own program with their own environment and files. What the cluster
/// and its webhooks add to any container passes: plain variables, and volumes below the folder of secrets. Pure.
/// </summary>
internal static class OwnContainers
{
    private const string SecretsFolder = "/var/run/secrets/";

    /// <summary>Beginnings of variables that load code into a program or point it elsewhere.</summary>
    private static readonly string[] SteeringVariables =
    [
        "LD_", "DOTNET_", "COMPlus_", "CORECLR_", "ASPNETCORE_", "Kestrel__", "OPENSSL_", "GCONV_", "GLIBC_",
    ];

    /// <summary>The same for a script that calls iptables.</summary>
    private static readonly string[] SteeringOfScripts =
        ["LD_", "GCONV_", "GLIBC_", "PATH", "ENV", "BASH", "IFS", "PS4", "SHELLOPTS", "XTABLES_", "IPTABLES_", "NFT_"];

    /// <summary>The sidecar: its two volumes are mounted where they belong and nowhere else.</summary>
    /// <param name="pod">Its pod.</param>
    /// <param name="sidecar">The container.</param>
    /// <param name="own">Variables of the container that are the sidecar's.</param>
    public static bool IsSidecar(PodView pod, JsonObject sidecar, IEnumerable<JsonObject> own)
    {
        if (sidecar["command"] is not null || sidecar["args"] is not null || IsPointedElsewhere(sidecar)) return false;
        var ours = own.Select(v => PodView.Text(v, "name")).ToList();
        // The last of two variables of one name is the one that holds.
        if (ours.Distinct(StringComparer.Ordinal).Count() != ours.Count) return false;
        return !IsSteered(Names(sidecar).Except(SidecarContainer.Variables, StringComparer.Ordinal), SteeringVariables)
            && HasOnlyItsVolumes(pod, sidecar);
    }

    /// <summary>
    /// The container that redirects. It ends before the application begins, so one that goes on, or that stands among
    /// the application's containers, is another; and a file mounted over its script would leave it nothing to do.
    /// </summary>
    /// <param name="place">The list it is in.</param>
    /// <param name="init">The container.</param>
    public static bool IsRedirect(string place, JsonObject init) =>
        place == "initContainers" && init["restartPolicy"] is null && init["lifecycle"] is null
        && !IsPointedElsewhere(init) && !IsSteered(Names(init), SteeringOfScripts)
        && MountsOf(init).TrueForAll(mount => IsOfSecrets(mount.Path));

    private static bool IsPointedElsewhere(JsonObject container) =>
        PodView.Objects(container["envFrom"]).Count > 0 || PodView.Objects(container["volumeDevices"]).Count > 0
        || PodView.Text(container, "workingDir") is { Length: > 0 };

    private static IEnumerable<string> Names(JsonObject container) =>
        PodView.Objects(container["env"]).Select(v => PodView.Text(v, "name") ?? "");

    private static bool IsSteered(IEnumerable<string> names, string[] beginnings) => names.Any(name =>
        Array.Exists(beginnings, start => name.StartsWith(start, StringComparison.OrdinalIgnoreCase)));

    private static bool HasOnlyItsVolumes(PodView pod, JsonObject sidecar)
    {
        var mounts = MountsOf(sidecar);
        var others = mounts.Where(m => !SidecarContainer.Mounts.Contains((m.Name ?? "", m.Path))).ToList();
        return mounts.Count - others.Count == SidecarContainer.Mounts.Count
            && mounts.Except(others).All(m => m.IsWhole)
            && others.TrueForAll(m => IsOfSecrets(m.Path) && !SidecarContainer.Mounts.Any(own => m.Name == own.Volume
                || (m.Path + "/").StartsWith(own.Folder + "/", StringComparison.Ordinal)))
            && SidecarContainer.Mounts.All(own => pod.Mounts(own.Volume, except: sidecar) is false);
    }

    private static List<(string? Name, string Path, bool IsWhole)> MountsOf(JsonObject container) =>
    [
        .. PodView.Objects(container["volumeMounts"]).Select(mount => (PodView.Text(mount, "name"),
            PodView.Text(mount, "mountPath") ?? "", mount["subPath"] is null && mount["subPathExpr"] is null)),
    ];

    private static bool IsOfSecrets(string path) => path.StartsWith(SecretsFolder, StringComparison.Ordinal)
        && !path.Contains("..", StringComparison.Ordinal);
}
