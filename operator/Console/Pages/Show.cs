using System.Globalization;
using WafOperator.Console.Store;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Pages;

/// <summary>Values as pages show them.</summary>
internal static class Show
{
    public static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>The page of an event, or of what is done with it.</summary>
    public static string Link(EventRow row, string? what = null) => Link(row.Namespace, row.Id, what);

    public static string Link(string ns, string id, string? what = null) =>
        $"/events/{id}{(what is null ? "" : "/" + what)}?namespace={Uri.EscapeDataString(ns)}";

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Score(double? score) => score?.ToString("0.000", CultureInfo.InvariantCulture) ?? "";

    /// <summary>What was done; where mode Detect let an attack pass, what would have been.</summary>
    public static string Verdict(EventRow row) => row.Verdict is VerdictKind.Allow
        && row.WouldHave is not VerdictKind.Allow
        ? $"Would {row.WouldHave.ToString().ToLowerInvariant()}"
        : row.Verdict switch { VerdictKind.Allow => "Allowed", VerdictKind.Block => "Blocked", _ =>
            row.Verdict.ToString() };

    public static string Class(EventRow row) => row.Verdict is not VerdictKind.Allow ? "stopped"
        : row.WouldHave is not VerdictKind.Allow ? "passed" : "allowed";
}
