using System.Globalization;
using System.Text.RegularExpressions;
using WafOperator.Console.Store;
using WafOperator.Protocols;

namespace WafOperator.Console.Archive;

/// <summary>A folder of archives named by their time: the last ones stay, other files are left alone.</summary>
internal static partial class ArchiveFolder
{
    private static readonly TimeSpan DraftAgeMax = TimeSpan.FromDays(1);

    /// <summary>Writes one more, and removes the oldest beyond a number once it is whole; says both.</summary>
    /// <exception cref="FormatException">None would be kept.</exception>
    public static async Task<string> WriteAsync(
        IEventStore store, string folder, int keep, TimeProvider time, CancellationToken cancellationToken)
    {
        if (keep < 1) throw new FormatException("--keep: one or more");
        var name = time.GetUtcNow().UtcDateTime.ToString("'waf-console-'yyyyMMdd-HHmmss'.gz'",
            CultureInfo.InvariantCulture);
        var said = await StoreArchive.WriteAsync(store, Path.Combine(folder, name), cancellationToken);
        var old = Directory.GetFiles(folder).Select(file => Path.GetFileName(file)!)
            .Where(file => Name().IsMatch(file)).OrderDescending(StringComparer.Ordinal).Skip(keep).ToList();
        foreach (var file in old) File.Delete(Path.Combine(folder, file));
        // What a backup that was killed left: another that is being written is younger.
        foreach (var draft in Directory.GetFiles(folder, "waf-console-*" + WholeFile.DraftSuffix)
            .Where(file => time.GetUtcNow() - File.GetLastWriteTimeUtc(file) > DraftAgeMax))
            File.Delete(draft);
        return old.Count == 0 ? said : $"{said}; {old.Count} older ones removed";
    }

    [GeneratedRegex("^waf-console-[0-9]{8}-[0-9]{6}\\.gz$")]
    private static partial Regex Name();
}
