namespace WafOperator.Cli.Output;

/// <summary>A text in a table, and how it is painted; the paint has no width.</summary>
internal readonly record struct Cell(string Text, Func<Paint, string, string>? Look = null)
{
    public static implicit operator Cell(string? text) => new(text ?? "");

    /// <summary>Good, to be watched, or bad.</summary>
    public static Cell Of(string text, bool? isGood) => new(text, isGood switch
    {
        true => (paint, value) => paint.Good(value),
        false => (paint, value) => paint.Bad(value),
        null => (paint, value) => paint.Warning(value),
    });
}

/// <summary>Columns as kubectl writes them: as wide as their widest cell, three spaces between.</summary>
internal sealed class Table(params IReadOnlyList<string> header)
{
    private const int CellLengthMax = 160;
    private readonly List<Cell[]> _rows = [];

    /// <summary>Rows without the header.</summary>
    public int Count => _rows.Count;

    /// <summary>Adds a row; it has as many cells as the header.</summary>
    public void Add(params Cell[] cells)
    {
        if (cells.Length != header.Count) throw new ArgumentException($"{cells.Length} cells for {header.Count}");
        _rows.Add([.. cells.Select(cell => cell with { Text = PlainText.Of(cell.Text, CellLengthMax) })]);
    }

    public void Write(TextWriter output, Paint paint)
    {
        var widths = header.Select((title, i) =>
            _rows.Select(row => row[i].Text.Length).Append(title.Length).Max()).ToArray();
        WriteRow(output, paint, [.. header.Select(title => new Cell(title))], widths);
        foreach (var row in _rows) WriteRow(output, paint, row, widths);
    }

    private static void WriteRow(TextWriter output, Paint paint, Cell[] row, int[] widths)
    {
        for (var i = 0; i < row.Length; i++)
        {
            var (text, look) = row[i];
            output.Write(look is null ? text : look(paint, text));
            if (i < row.Length - 1) output.Write(new string(' ', widths[i] - text.Length + 3));
        }

        output.WriteLine();
    }
}
