using System.Text;

namespace WafOperator.SecLang;

/// <summary>
/// Cuts a directive into its name and arguments. An argument is a run without spaces, or is quoted by <c>"</c> or
/// <c>'</c>; inside quotes a backslash takes the special meaning from the quote only, every other backslash stays,
/// because patterns need them. A run keeps what stands in single quotes together (<c>TX:'/a b/'</c>).
/// </summary>
internal static class ArgumentReader
{
    /// <summary>Returns false where a quotation is not closed; what was read so far is kept.</summary>
    public static bool TryRead(string text, out string name, out List<string> arguments)
    {
        var at = 0;
        while (at < text.Length && !IsSpace(text[at]))
        {
            at++;
        }

        name = text[..at];
        arguments = [];
        while (true)
        {
            while (at < text.Length && IsSpace(text[at]))
            {
                at++;
            }

            if (at == text.Length)
            {
                return true;
            }

            var closed = text[at] is '"' or '\''
                ? ReadQuoted(text, ref at, out var argument)
                : ReadRun(text, ref at, out argument);
            arguments.Add(argument);
            if (!closed)
            {
                return false;
            }
        }
    }

    private static bool ReadQuoted(string text, ref int at, out string argument)
    {
        var quote = text[at++];
        var content = new StringBuilder(text.Length - at);
        while (at < text.Length)
        {
            var c = text[at++];
            if (c == quote)
            {
                argument = content.ToString();
                return true;
            }

            if (c == '\\' && at < text.Length)
            {
                if (text[at] != quote)
                {
                    content.Append('\\');
                }

                c = text[at++];
            }

            content.Append(c);
        }

        argument = content.ToString();
        return false;
    }

    private static bool ReadRun(string text, ref int at, out string argument)
    {
        var start = at;
        var quoted = false;
        while (at < text.Length && (quoted || !IsSpace(text[at])))
        {
            quoted ^= text[at] == '\'' && (at == start || text[at - 1] != '\\');
            at++;
        }

        argument = text[start..at];
        return !quoted;
    }

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\v' or '\f' or '\r';
}
