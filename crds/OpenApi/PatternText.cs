using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace WafOperator.OpenApi;

/// <summary>
/// Patterns as OpenAPI writes them (ECMA 262) → .NET's engine that never goes back, so that each value is matched in
/// time linear in its length. What cannot be said there is refused: lookarounds, back references, and repetitions that
/// would make a large machine. Pure.
/// </summary>
internal static class PatternText
{
    /// <summary>Characters of a pattern.</summary>
    public const int LengthMax = 1000;

    /// <summary>Characters of a pattern with its repetitions written out.</summary>
    public const int SizeMax = 4000;

    /// <summary>The pattern, or why it is refused.</summary>
    public static (Regex? Regex, string? Refusal) Compile(string pattern)
    {
        if (pattern.Length > LengthMax)
            return (null, $"the pattern has {pattern.Length} characters, at most {LengthMax} are read");
        try
        {
            var text = new Translation(pattern).Run();
            return (new Regex(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant), null);
        }
        catch (NotSupportedException)
        {
            return (null, "the pattern has a lookaround, a back reference or an atomic group: no linear time");
        }
        catch (ArgumentException error)
        {
            var message = error.Message.Length <= 200 ? error.Message : error.Message[..200] + "…";
            return (null, "is no pattern: " + message);
        }
    }

    /// <summary>One walk over a pattern: rewrites it and counts how large its machine can be.</summary>
    private sealed class Translation(string pattern)
    {
        private readonly StringBuilder _text = new(pattern.Length + 16);
        private readonly Stack<long> _outer = new();
        private long _size;
        private long _last;
        private int _at;

        public string Run()
        {
            while (_at < pattern.Length) Step();
            return _text.ToString();
        }

        private void Step()
        {
            var c = pattern[_at];
            switch (c)
            {
                case '\\': Escape(); break;
                case '[': Class(); break;
                case '(': Open(); break;
                case ')':
                    _text.Append(c);
                    _at++;
                    _last = _size;
                    _size += _outer.Count > 0 ? _outer.Pop() : 0;
                    break;
                case '*' or '+' or '?': Take(1); break;
                case '{': Repeat(); break;
                case '.':
                    Atom(@"[^\n\r\u2028\u2029]", 1);
                    break;
                case '$':
                    Atom(@"\z", 1);
                    break;
                case '#' or ' ':
                    Atom("\\" + c, 1);
                    break;
                default:
                    Atom(c.ToString(), 1);
                    break;
            }
        }

        private void Atom(string text, int length)
        {
            _text.Append(text);
            _at += length;
            Grow(1);
        }

        private void Grow(long size)
        {
            _last = size;
            _size += size;
            if (_size > SizeMax) throw new ArgumentException("its repetitions make it larger than is read");
        }

        private void Take(int length)
        {
            _text.Append(pattern, _at, length);
            _at += length;
        }

        private void Open()
        {
            if (_at + 1 < pattern.Length && pattern[_at + 1] == '?')
            {
                var rest = pattern.AsSpan(_at + 2);
                if (rest.StartsWith(":")) Take(3);
                else if (rest.StartsWith("<") && !rest.StartsWith("<=") && !rest.StartsWith("<!"))
                {
                    // Names mean nothing here, and .NET allows other ones than ECMA 262.
                    var end = pattern.IndexOf('>', _at);
                    if (end < 0) throw new ArgumentException("a group's name does not end");
                    _text.Append("(?:");
                    _at = end + 1;
                }
                else throw new NotSupportedException();
            }
            else
            {
                _text.Append("(?:");
                _at++;
            }

            _outer.Push(_size);
            _size = 0;
        }

        private void Repeat()
        {
            var end = pattern.IndexOf('}', _at);
            var inner = end < 0 ? "" : pattern[(_at + 1)..end];
            var parts = inner.Split(',');
            if (parts.Length > 2 || !IsCount(parts[0], out var least))
            {
                Atom("\\{", 1);
                return;
            }

            var most = least;
            if (parts.Length == 2 && parts[1].Length > 0 && !IsCount(parts[1], out most))
            {
                Atom("\\{", 1);
                return;
            }

            Take(end - _at + 1);
            var times = Math.Max(1, (long)Math.Max(least, most));
            if (times > SizeMax) throw new ArgumentException("its repetitions make it larger than is read");
            Grow(Math.Max(1, _last) * (times - 1));
            _last *= times;
        }

        private static bool IsCount(string text, out int count) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count);

        private void Escape()
        {
            if (_at + 1 >= pattern.Length) throw new ArgumentException("it ends with a backslash");
            var c = pattern[_at + 1];
            switch (c)
            {
                case >= '1' and <= '9' or 'k': throw new NotSupportedException();
                case 'd': Atom("[0-9]", 2); break;
                case 'D': Atom("[^0-9]", 2); break;
                case 'w': Atom("[A-Za-z0-9_]", 2); break;
                case 'W': Atom("[^A-Za-z0-9_]", 2); break;
                case 'b' or 'B':
                    // Word boundaries of .NET know all letters; of ASCII text they are the same.
                    Atom("\\" + c, 2);
                    break;
                case '/' or '-': Atom("\\" + c, 2); break;
                case 'u' or 'x' or 'c':
                    var length = c switch { 'u' => 6, 'x' => 4, _ => 3 };
                    if (_at + length > pattern.Length || pattern[_at + 2] == '{')
                        throw new ArgumentException($"the escape \\{c} is not complete");
                    Atom(pattern.Substring(_at, length), length);
                    break;
                case 'p' or 'P': Property(); break;
                case 's' or 'S' or 't' or 'n' or 'r' or 'f' or 'v' or '0': Atom("\\" + c, 2); break;
                default:
                    if (char.IsAsciiLetterOrDigit(c)) throw new ArgumentException($"nobody knows the escape \\{c}");
                    Atom("\\" + c, 2);
                    break;
            }
        }

        private void Property()
        {
            var end = pattern.IndexOf('}', _at);
            if (end < 0) throw new ArgumentException("a property has no end");
            Atom(pattern[_at..(end + 1)], end + 1 - _at);
        }

        /// <summary>A class of characters, with what ECMA 262 means by d and w.</summary>
        private void Class()
        {
            foreach (var all in (string[])[@"[\s\S]", @"[\S\s]", @"[\w\W]", @"[\W\w]", @"[\d\D]", @"[\D\d]", "[^]"])
            {
                if (!pattern.AsSpan(_at).StartsWith(all)) continue;
                Atom(@"[\0-\uffff]", all.Length);
                return;
            }

            var end = _at + 1;
            var text = new StringBuilder("[");
            if (end < pattern.Length && pattern[end] == '^') text.Append(pattern[end++]);
            if (end < pattern.Length && pattern[end] == ']') throw new ArgumentException("a class is empty");
            for (; end < pattern.Length && pattern[end] != ']'; end++)
            {
                if (pattern[end] != '\\' || end + 1 >= pattern.Length)
                {
                    // A bracket inside is a bracket; .NET would begin to subtract.
                    text.Append(pattern[end] == '[' ? @"\[" : pattern[end].ToString());
                    continue;
                }

                text.Append(pattern[++end] switch
                {
                    'd' => "0-9",
                    'w' => "A-Za-z0-9_",
                    'D' or 'W' => throw new ArgumentException("\\D and \\W are not read inside a class"),
                    var c => "\\" + c,
                });
            }

            if (end >= pattern.Length) throw new ArgumentException("a class has no end");
            Atom(text.Append(']').ToString(), end + 1 - _at);
        }
    }
}
