namespace WafOperator.Cli.Output;

/// <summary>
/// One line that says what is being done, on terminals only; it is gone before anything else is written.
/// </summary>
internal sealed class Progress(TextWriter output, bool isTerminal)
{
    private bool _isShown;

    /// <summary>Shows a line in place of the one before.</summary>
    public void Show(string text)
    {
        if (!isTerminal) return;
        output.Write($"\r\u001b[K{PlainText.Of(text, 78)}");
        _isShown = true;
    }

    /// <summary>Takes the line away.</summary>
    public void Clear()
    {
        if (!_isShown) return;
        output.Write("\r\u001b[K");
        _isShown = false;
    }
}
