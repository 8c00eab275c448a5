namespace WafOperator.Cli.Output;

/// <summary>Colours of a terminal, or none.</summary>
internal readonly record struct Paint(bool IsOn)
{
    private const string Escape = "\u001b[";

    public string Good(string text) => In("32", text);

    public string Warning(string text) => In("33", text);

    public string Bad(string text) => In("31", text);

    public string Weak(string text) => In("2", text);

    public string Strong(string text) => In("1", text);

    private string In(string code, string text) => IsOn && text.Length > 0 ? $"{Escape}{code}m{text}{Escape}0m" : text;
}
