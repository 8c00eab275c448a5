using WafOperator.Evasion;
using WafOperator.Evasion.Payloads;
using WafOperator.Evasion.Targets;

var budget = Number("--budget", 1_000);
var chance = Number("--seed", 1);
var seeds = Seeds.All.Take(Number("--payloads", int.MaxValue)).ToList();
var target = new Verdicts(withRules: !args.Contains("--models-only"));
Console.WriteLine(target.HasRules ? "rules and models, joint score" : "models only");
var findings = new Campaign(target, budget, chance).Run(seeds, Enum.GetValues<Carrier>()).ToList();
Report.Print(findings, budget, Console.Out);
if (args.Contains("--all"))
{
    foreach (var finding in findings.Where(f => f.Evasion is not null))
    {
        var sent = finding.Evasion!;
        var shown = Uri.EscapeDataString(sent.Payload[..Math.Min(300, sent.Payload.Length)]);
        Console.WriteLine($"{finding.Queries,5}  {finding.Attacker}  {finding.Seed.Family}  {sent.Carrier}  {shown}");
    }
}

return 0;

int Number(string name, int otherwise) =>
    Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? int.Parse(args[at + 1]) : otherwise;
