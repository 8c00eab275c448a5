using WafOperator.Http;
using WafOperator.Scoring.Parts;

namespace WafOperator.Scoring;

/// <content>Names, and what is read in pieces because of what it is, not of its length.</content>
internal readonly ref partial struct ScoringRun
{
    /// <summary>The address of a page, in which rules found nothing, by its pieces.</summary>
    private void ScoreUrl(in RequestPart part, ReadOnlySpan<byte> value, int from)
    {
        Span<byte> spaced = stackalloc byte[RefererUrl.BytesMax];
        for (var isFirst = true; RefererUrl.TryNext(value, ref from, out var piece, out var isOfQuery); isFirst = false)
        {
            if (!isFirst && IsSpent)
            {
                _context.Gaps |= ModelGaps.Window;
                return;
            }

            var (at, length) = piece.GetOffsetAndLength(value.Length);
            var text = value.Slice(at, length);
            if (!isOfQuery || RefererUrl.JoinsTexts(text)) ScoreText(part, text, at, isName: false, hasHits: false);
            if (!isOfQuery) continue;
            text.Replace(spaced, (byte)'+', (byte)' ');
            ScoreText(part, spaced[..length], at, isName: false, hasHits: false);
        }
    }

    private void ScoreName(in RequestPart part)
    {
        if (!PartRules.HasClientName(part.Kind)) return;
        var name = _request[part.Name];
        for (var from = 0; PartRules.TryNextOddName(part.Kind, name, ref from, out var odd);)
        {
            var (at, length) = odd.GetOffsetAndLength(name.Length);
            for (var i = 0; i < LongValue.PieceCount(length); i++)
            {
                if (i > 0 && IsSpent)
                {
                    _context.Gaps |= ModelGaps.Window;
                    return;
                }

                var start = LongValue.PieceStart(length, i);
                var piece = name.Slice(at + start, Math.Min(length - start, LongValue.PieceBytes));
                ScoreText(part, piece, at + start, isName: true, hasHits: false);
            }
        }
    }
}
