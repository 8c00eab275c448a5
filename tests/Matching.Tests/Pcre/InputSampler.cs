using WafOperator.SecLang.Regex;

namespace WafOperator.Matching.Tests.Pcre;

/// <summary>Makes inputs that a pattern matches, or nearly: strings drawn from its tree, then mutated.</summary>
internal sealed class InputSampler(Random random)
{
    private const int LengthMax = 400;
    private const string Noise = "abzAZ019_ \t\n'\"<>()=-;:/\\.,&%|`$#@!?*+[]{}\u0000\u00a0\u00ff";

    private readonly List<byte> _output = [];

    /// <summary>One input: sampled, wrapped in noise, mutated, each by chance.</summary>
    public byte[] Next(RegexNode root)
    {
        _output.Clear();
        if (random.Next(2) == 0) AddNoise(random.Next(12));
        Append(root);
        if (random.Next(2) == 0) AddNoise(random.Next(12));
        if (random.Next(8) == 0) Append(root);
        if (random.Next(2) == 0) Mutate(1 + random.Next(3));
        return [.. _output];
    }

    /// <summary>A string drawn from the tree alone.</summary>
    public byte[] Sample(RegexNode root)
    {
        _output.Clear();
        Append(root);
        return [.. _output];
    }

    private void AddNoise(int count)
    {
        for (var index = 0; index < count; index++) _output.Add((byte)Noise[random.Next(Noise.Length)]);
    }

    private void Append(RegexNode node)
    {
        if (_output.Count > LengthMax) return;
        switch (node)
        {
            case RegexNode.Set { Bytes: { IsEmpty: false } bytes }:
                _output.Add(Pick(bytes));
                break;
            case RegexNode.Sequence sequence:
                foreach (var item in sequence.Items) Append(item);
                break;
            case RegexNode.Choice choice:
                Append(choice.Items[random.Next(choice.Items.Length)]);
                break;
            case RegexNode.Repeat repeat:
                var extra = random.Next(6) == 0 ? random.Next(12) : random.Next(3);
                var count = (int)Math.Min((long)repeat.Min + extra, repeat.Max);
                for (var copy = 0; copy < count && _output.Count <= LengthMax; copy++) Append(repeat.Body);
                break;
            case RegexNode.Capture capture:
                Append(capture.Body);
                break;
            case RegexNode.Atomic atomic:
                Append(atomic.Body);
                break;
            case RegexNode.Look { Kind: LookKind.Behind } look:
                Append(look.Body);
                break;
            case RegexNode.Look { Kind: LookKind.Ahead } look when random.Next(2) == 0:
                Append(look.Body);
                break;
            case RegexNode.Assertion { Kind: AssertionKind.LineStart or AssertionKind.LineEnd }
                when random.Next(4) == 0:
                _output.Add((byte)'\n');
                break;
            case RegexNode.BackReference when _output.Count > 1:
                var length = random.Next(1, Math.Min(6, _output.Count));
                _output.AddRange(_output.GetRange(_output.Count - length, length));
                break;
        }
    }

    private byte Pick(ByteSet bytes)
    {
        // Letters and symbols first: uniform choice over a negated class would give mostly unprintable bytes.
        for (var attempt = 0; attempt < 8; attempt++)
        {
            var candidate = (byte)Noise[random.Next(Noise.Length)];
            if (bytes.Count > 8 && bytes.Contains(candidate)) return candidate;
        }

        var members = bytes.ToArray();
        return members[random.Next(members.Length)];
    }

    private void Mutate(int count)
    {
        for (; count > 0 && _output.Count > 0; count--)
        {
            var at = random.Next(_output.Count);
            switch (random.Next(5))
            {
                case 0: _output.RemoveAt(at); break;
                case 1: _output.Insert(at, (byte)Noise[random.Next(Noise.Length)]); break;
                case 2: _output[at] = (byte)Noise[random.Next(Noise.Length)]; break;
                case 3: _output[at] ^= 0x20; break;
                default: _output.RemoveRange(at, Math.Min(random.Next(1, 4), _output.Count - at)); break;
            }
        }
    }
}
