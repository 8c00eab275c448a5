using WafOperator.Controllers.Policies;
using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Models;
using ObjectMeta = WafOperator.Kubernetes.Objects.ObjectMeta;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>What policies of a namespace may hold of the operator's memory and time.</summary>
public sealed class RuleRoomTests
{
    [Fact]
    public void TextsOfANamespace_AreBounded_AndTakeNothingFromOthers()
    {
        var room = new RuleRoom(100);

        Assert.True(room.TryTake(new("shop", "a"), 60));
        Assert.False(room.TryTake(new("shop", "b"), 41));
        Assert.True(room.TryTake(new("bank", "b"), 100));
        Assert.True(room.TryTake(new("shop", "b"), 40));
        // One that is compiled again takes its own place, and one that became too large keeps what it had.
        Assert.True(room.TryTake(new("shop", "a"), 50));
        Assert.False(room.TryTake(new("shop", "a"), 61));
        Assert.False(room.TryTake(new("shop", "c"), 11));
        room.Forget(new("shop", "b"));
        Assert.True(room.TryTake(new("shop", "c"), 50));
        // A policy without rule files has always room.
        Assert.True(room.TryTake(new("shop", "d"), 0));
    }

    [Fact]
    public void WhatIsKeptBesideTheServedDocument_HoldsNoTexts()
    {
        var document = new PolicyDocument
        {
            Name = "shop", Namespace = "shop",
            Rules = new RulePolicy
            {
                Sources = [new RuleSource { Name = "a.conf", Text = "SecRule" }],
                Files = [new RuleFile { Name = "a.data", Text = "words" }],
            },
        };

        Assert.Equal(12, RuleRoom.CharactersOf(document));
        Assert.Equal(0, RuleRoom.CharactersOf(RuleRoom.WithoutTexts(document)));
    }

    /// <summary>Counters in a status come every few seconds; a policy is compiled for what it reads only.</summary>
    [Fact]
    public void ANewStatusOfAModel_IsNewsOnlyWhereThePolicyReadsIt()
    {
        var before = new Resource<ModelVersion>(
            new ObjectMeta { Namespace = "shop", Name = "gate", Uid = "u", Generation = 1 },
            new ModelVersion { Status = new() { Phase = ModelPhase.Canary, Step = 1, Weight = 10 } });

        Assert.False(PolicyPublisher.IsNews(before, Status(s => s with { Message = "20 of 100 requests" })));
        Assert.True(PolicyPublisher.IsNews(before, Status(s => s with { Weight = 20 })));
        Assert.True(PolicyPublisher.IsNews(before, Status(s => s with { Step = 2 })));
        Assert.True(PolicyPublisher.IsNews(before, Status(s => s with { Phase = ModelPhase.Promoted })));
        Assert.True(PolicyPublisher.IsNews(before, before with { Metadata = before.Metadata with { Generation = 2 } }));
        Assert.True(PolicyPublisher.IsNews(null, before));
        Assert.True(PolicyPublisher.IsNews(before, null));

        Resource<ModelVersion> Status(Func<ModelVersionStatus, ModelVersionStatus> change) =>
            before with { Value = before.Value with { Status = change(before.Value.Status!) } };
    }
}
