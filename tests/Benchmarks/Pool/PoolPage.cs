using System.Globalization;
using System.Text;

namespace WafOperator.Benchmarks.Pool;

/// <summary>Tables of what was measured, and a plot.</summary>
internal static class PoolPage
{
    private const int Width = 720;
    private const int BarHeight = 16;
    private const int Left = 250;

    public static string Table(IReadOnlyList<PoolRow> rows, string reference)
    {
        var text = new StringBuilder();
        text.Append("| network | batch window | server CPU a request, µs | capacity against one at a time ");
        text.AppendLine("| requests/s | p50 / p99 under load, ms | p50 / p99 alone, ms |");
        text.AppendLine("|---|---|---|---|---|---|---|");
        foreach (var row in rows)
        {
            var one = rows.First(r => r.Network == row.Network && r.Setting == reference).Cpu;
            text.AppendLine(CultureInfo.InvariantCulture,
                $"| {row.Network} | {row.Setting} | {row.Cpu:0} | {one / row.Cpu:0.00} | {row.Load.PerSecond:0} "
                + $"| {row.Load.P50:0.0} / {row.Load.P99:0.0} | {row.Alone.P50:0.00} / {row.Alone.P99:0.00} |");
        }

        return text.ToString();
    }

    /// <summary>Replaces the figures of a page (between its markers) and writes the plot beside it.</summary>
    public static void Write(string page, IReadOnlyList<PoolRow> rows, PoolOptions options, string reference)
    {
        var plot = Path.ChangeExtension(page, ".svg");
        File.WriteAllText(plot, Plot(rows, reference));
        var figures = string.Create(CultureInfo.InvariantCulture,
            $"{options.Callers} callers, one value a request, one device worker of one thread, client on the machine; ")
            + $"each setting {options.Seconds.ToString(CultureInfo.InvariantCulture)} s, the cheaper of two.\n\n"
            + Table(rows, reference) + $"\n![throughput against batch window]({Path.GetFileName(plot)})\n";
        const string begin = "<!-- figures -->\n", end = "<!-- end of figures -->";
        var text = File.Exists(page) ? File.ReadAllText(page) : $"# Inference pools: figures\n\n{begin}{end}\n";
        var from = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        var to = text.IndexOf(end, StringComparison.Ordinal);
        File.WriteAllText(page, text[..from] + figures + text[to..]);
    }

    /// <summary>Bars: what a core serves, relative to serving one at a time.</summary>
    private static string Plot(IReadOnlyList<PoolRow> rows, string reference)
    {
        var ratios = rows.Select(row => (
            row, Ratio: rows.First(r => r.Network == row.Network && r.Setting == reference).Cpu / row.Cpu)).ToList();
        var scale = (Width - Left - 60) / Math.Max(3, ratios.Max(r => r.Ratio));
        var svg = new StringBuilder();
        var height = (rows.Count * (BarHeight + 4)) + (rows.Select(r => r.Network).Distinct().Count() * 8) + 40;
        svg.Append(CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{height}\" ");
        svg.AppendLine("font-family=\"sans-serif\" font-size=\"12\">");
        svg.AppendLine("<text x=\"8\" y=\"16\">capacity of a core by batch window, relative to one at a time</text>");
        var (y, last) = (28, "");
        foreach (var (row, ratio) in ratios)
        {
            if (row.Network != last && last.Length > 0) y += 8;
            last = row.Network;
            var color = row.Setting == reference ? "#999999" : "#2f6db3";
            svg.AppendLine(CultureInfo.InvariantCulture,
                $"<text x=\"8\" y=\"{y + 12}\">{row.Network}, {row.Setting}</text>"
                + $"<rect x=\"{Left}\" y=\"{y}\" width=\"{ratio * scale:0}\" height=\"{BarHeight}\" fill=\"{color}\"/>"
                + $"<text x=\"{Left + (ratio * scale) + 4:0}\" y=\"{y + 12}\">{ratio:0.00}</text>");
            y += BarHeight + 4;
        }

        // Three times is the aim.
        svg.Append(CultureInfo.InvariantCulture,
            $"<line x1=\"{Left + (3 * scale):0}\" y1=\"24\" x2=\"{Left + (3 * scale):0}\" y2=\"{y}\" ");
        svg.AppendLine("stroke=\"#b33\" stroke-dasharray=\"4\"/>");
        return svg.AppendLine("</svg>").ToString();
    }
}
