using System.Globalization;
using WafOperator.Resources.Models;
using WafOperator.Rollouts.Judging;
using Xunit.Abstractions;

namespace WafOperator.Rollouts.Tests.Judging;

/// <summary>
/// Whole rollouts with simulated traffic: 10 % of clients on the candidate, a look every 30 s at 50 requests a second, a twentieth of the
/// requests attacks, models that agree on nearly everything but not for the same reasons.
/// </summary>
public sealed class SimulatedRolloutTests(ITestOutputHelper output)
{
    private const int Rollouts = 10_000;
    private const int PairsPerLook = 1_500;
    private const double AttackShare = 0.05;
    private const int LooksMax = 1_000;

    /// <summary>Rates at which one version alone is wrong, on requests where the other is right.</summary>
    private sealed record Truth(double CandidateFalsePositives, double BaselineFalsePositives, double CandidateMisses, double BaselineMisses);

    [Fact]
    public void EqualCandidate_IsRolledBackInUnderTwoPercent()
    {
        var result = Simulate(new Truth(0.01, 0.01, 0.02, 0.02), seed: 1);

        Assert.True(result.RolledBack < 0.02, result.ToString());
        Assert.True(result.Promoted > 0.95, result.ToString());
    }

    [Fact]
    public void CandidateTwoPointsWorseInFalsePositives_IsCaughtInOver99Percent()
    {
        var result = Simulate(new Truth(0.03, 0.01, 0.02, 0.02), seed: 2);

        Assert.True(result.Promoted < 0.01, result.ToString());
        Assert.True(result.RolledBack > 0.99, result.ToString());
    }

    [Fact]
    public void CandidateTwoPointsWorseInRecall_IsCaughtInOver99Percent()
    {
        var result = Simulate(new Truth(0.01, 0.01, 0.04, 0.02), seed: 3);

        Assert.True(result.Promoted < 0.01, result.ToString());
        Assert.True(result.RolledBack > 0.99, result.ToString());
    }

    private Outcome Simulate(Truth truth, int seed)
    {
        var random = new Random(seed);
        int promoted = 0, rolledBack = 0;
        double exposure = 0, looks = 0;
        for (var i = 0; i < Rollouts; i++)
        {
            var samples = new RolloutSamples();
            for (var look = 1; look <= LooksMax; look++)
            {
                samples += Draw(random, truth);
                exposure += PairsPerLook * 0.1;
                looks++;
                var verdict = RolloutJudge.Judge(samples, look, new JudgeSettings()).Verdict;
                if (verdict is RolloutVerdict.Pass) promoted++;
                if (verdict is RolloutVerdict.Fail) rolledBack++;
                if (verdict is RolloutVerdict.Pass or RolloutVerdict.Fail) break;
            }
        }

        var outcome = new Outcome(seed, (double)promoted / Rollouts, (double)rolledBack / Rollouts, exposure / Rollouts, looks / Rollouts);
        output.WriteLine(outcome.ToString());
        return outcome;
    }

    private static RolloutSamples Draw(Random random, Truth truth)
    {
        var attacks = Binomial(random, PairsPerLook, AttackShare);
        var passes = PairsPerLook - attacks;
        var (c, b) = (Binomial(random, passes, truth.CandidateFalsePositives), Binomial(random, passes, truth.BaselineFalsePositives));
        var (cm, bm) = (Binomial(random, attacks, truth.CandidateMisses), Binomial(random, attacks, truth.BaselineMisses));
        return new RolloutSamples
        {
            Pass0C1 = c, Pass1C0 = b, Pass0C0 = passes - c - b,
            Attack1C0 = cm, Attack0C1 = bm, Attack1C1 = attacks - cm - bm,
            BaselineDecided = (long)(PairsPerLook * 0.9), CandidateDecided = (long)(PairsPerLook * 0.1),
        };
    }

    private static long Binomial(Random random, long n, double p)
    {
        // Waiting times between successes: as many draws as successes.
        long successes = 0;
        for (double at = 0; ;)
        {
            at += Math.Floor(Math.Log(1 - random.NextDouble()) / Math.Log(1 - p)) + 1;
            if (at > n) return successes;
            successes++;
        }
    }

    private sealed record Outcome(int Seed, double Promoted, double RolledBack, double MeanExposure, double MeanLooks)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"seed {Seed}, {Rollouts} rollouts: promoted {Promoted:P2}, rolled back {RolledBack:P2}, requests decided by the candidate {MeanExposure:0} on average, {MeanLooks:0.0} looks");
    }
}
