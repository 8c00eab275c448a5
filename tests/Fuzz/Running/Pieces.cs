using System.Text;

namespace WafOperator.Fuzz.Running;

/// <summary>Makes inputs out of pieces of a format, whole seeds and random bytes, then damages some of them.</summary>
public sealed class Pieces(string[] seeds, string[] pieces)
{
    private readonly byte[][] _seeds = [.. seeds.Select(Encoding.Latin1.GetBytes)];
    private readonly byte[][] _pieces = [.. pieces.Select(Encoding.Latin1.GetBytes)];

    /// <summary>The next input, at most a few hundred bytes most of the time, sometimes some thousand.</summary>
    public byte[] Next(Random random)
    {
        var bytes = new List<byte>(256);
        var isSeeded = _seeds.Length > 0 && random.Next(3) != 0;
        if (isSeeded) bytes.AddRange(_seeds[random.Next(_seeds.Length)]);
        var count = isSeeded ? random.Next(6) : random.Next(24);
        for (var i = 0; i < count; i++) Insert(bytes, random);
        if (random.Next(200) == 0) Repeat(bytes, random);
        return [.. bytes];
    }

    private void Insert(List<byte> bytes, Random random)
    {
        var at = random.Next(bytes.Count + 1);
        switch (random.Next(8))
        {
            case 0:
                bytes.Insert(at, (byte)random.Next(256));
                break;
            case 1 when at < bytes.Count:
                bytes.RemoveAt(at);
                break;
            case 2 when at < bytes.Count:
                bytes.RemoveRange(at, random.Next(bytes.Count - at));
                break;
            case 3 when bytes.Count > 1:
                var length = random.Next(Math.Min(64, bytes.Count));
                bytes.InsertRange(at, bytes.GetRange(random.Next(bytes.Count - length), length));
                break;
            default:
                bytes.InsertRange(_seeds.Length > 0 ? at : bytes.Count, _pieces[random.Next(_pieces.Length)]);
                break;
        }
    }

    private void Repeat(List<byte> bytes, Random random)
    {
        var piece = _pieces[random.Next(_pieces.Length)];
        for (var i = 0; i < 2000 / Math.Max(1, piece.Length); i++) bytes.AddRange(piece);
    }
}
