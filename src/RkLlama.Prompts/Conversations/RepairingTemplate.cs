using System.Runtime.ExceptionServices;
using RkLlama.Prompts.Jinja;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Conversations;

/// <summary>
/// A template that renders conversations which it would refuse. The constructor renders a probe for each repair. If the template leaves out a part of the
/// probe without an error, its conversations always get the repair. All other repairs are tried only if a conversation does not render, or not completely.
/// Immutable; many threads may render at the same time.
/// </summary>
internal sealed class RepairingTemplate
{
    private const int Failed = int.MinValue;

    private readonly Template _template;
    private readonly TemplateVariables _variables;
    private readonly TimeProvider _time;

    // The repairs without which the template leaves out parts of a conversation or writes them in a wrong form.
    private readonly List<ConversationRepair> _always = [];

    // The repairs in _always, and those whose probes do not render without them.
    private readonly List<ConversationRepair> _known = [];
    private readonly Value? _noTools;

    /// <param name="cpu">The processor time of the test renderings together.</param>
    public RepairingTemplate(Template template, SpecialTokens tokens, TimeProvider time, CpuBudget cpu)
    {
        (_template, _variables, _time) = (template, new(tokens), time);
        RenderBudget budget = new(RenderLimits.Default, cpu);
        _noTools = DistinguishesNone(budget) ? NoneValue.Instance : null;
        foreach (ConversationRepair repair in ConversationRepairs.All)
            RunProbes(repair, budget);
    }

    /// <summary>The names of all variables and functions that the template reads.</summary>
    public IReadOnlySet<string> Names => _template.Names;

    /// <summary>Whether the probe of the repair with this name does not render completely without the repair.</summary>
    public bool Needs(string repair) => _known.Exists(known => known.Name == repair);

    /// <summary>
    /// Renders a conversation. If this fails or leaves out text of the conversation, tries the repairs: those that the probes have found, these with one more,
    /// then each alone, then the first ones together. Uses the first rendering that has the whole text; if there is none, the first one.
    /// </summary>
    /// <param name="cpu">The processor time of all attempts together. They also share the other limits of one rendering.</param>
    /// <param name="notes">Receives what had to be changed, and what is missing.</param>
    /// <exception cref="TemplateException">No attempt succeeds. The exception is that of the first one.</exception>
    /// <exception cref="OperationCanceledException">The rendering was cancelled.</exception>
    public PromptText Render(Conversation conversation, CpuBudget cpu, RenderNotes? notes)
    {
        RenderBudget budget = new(RenderLimits.Default, cpu);
        TemplateInput input = new(conversation);
        Attempt? best = null;
        TemplateException? refusal = null;
        try
        {
            List<string> applied = [];
            best = RenderChecked(conversation, Apply(_always, input, applied), applied, budget);
        }
        catch (TemplateException ex) when (!ex.IsLimit)
        {
            refusal = ex;
        }

        if (best is not { IsComplete: true })
            best = Best(best, RenderRepaired(input, budget));
        if (best is null)
            ExceptionDispatchInfo.Throw(refusal!);
        notes?.Add(best.Applied, best.IsComplete);
        return best.Text;
    }

    /// <returns>The first attempt that has the whole text of the conversation; otherwise the first one.</returns>
    private static Attempt? Best(Attempt? first, IEnumerable<Attempt> others)
    {
        foreach (Attempt attempt in others)
        {
            if (attempt.IsComplete)
                return attempt;
            first ??= attempt;
        }

        return first;
    }

    /// <summary>Renders repaired forms of a conversation, one after the other. Leaves out those that do not render.</summary>
    private IEnumerable<Attempt> RenderRepaired(TemplateInput input, RenderBudget budget)
    {
        ConversationRepair[] others = [.. ConversationRepairs.All.Except(_always)];
        IEnumerable<ConversationRepair[]> known = _known.Count > _always.Count ? [[.. _known], .. others.Except(_known).Select(repair => InOrder([.. _known, repair]))] : [];
        foreach (ConversationRepair[] few in known.Concat(others.Select(repair => InOrder([.. _always, repair]))))
        {
            if (TryRender(input, few, budget) is { } attempt)
                yield return attempt;
        }

        for (int length = 2; length <= others.Length; length++)
        {
            ConversationRepair[] together = InOrder([.. _always, .. others.Take(length)]);
            if (TryRender(input, together, budget) is { } several)
                yield return Simplify(input, together, several, budget);
        }
    }

    /// <summary>Leaves out the repairs without which the conversation renders as completely: the last ones first, because they change most.</summary>
    private Attempt Simplify(TemplateInput input, ConversationRepair[] repairs, Attempt attempt, RenderBudget budget)
    {
        foreach (ConversationRepair repair in repairs.Reverse().Except(_always).Where(repair => attempt.Applied.Contains(repair.Name)).ToArray())
        {
            ConversationRepair[] fewer = [.. repairs.Where(other => other != repair)];
            if (TryRender(input, fewer, budget) is { } simpler && (simpler.IsComplete || !attempt.IsComplete))
                (repairs, attempt) = (fewer, simpler);
        }

        return attempt;
    }

    private static ConversationRepair[] InOrder(HashSet<ConversationRepair> repairs) => [.. ConversationRepairs.All.Where(repairs.Contains)];

    /// <returns>Null if the repairs change nothing, or the rendering fails.</returns>
    private Attempt? TryRender(TemplateInput input, IReadOnlyList<ConversationRepair> repairs, RenderBudget budget)
    {
        try
        {
            List<string> applied = [];
            TemplateInput repaired = Apply(repairs, input, applied);
            return applied.Count == 0 || !budget.Restart() ? null : RenderChecked(input.Conversation, repaired, applied, budget);
        }
        catch (TemplateException)
        {
            return null;
        }
    }

    /// <param name="conversation">The conversation as the client sent it.</param>
    /// <param name="input">The same conversation after the repairs.</param>
    /// <param name="applied">The names of the repairs that changed the input.</param>
    /// <param name="budget">The limits of the rendering.</param>
    private Attempt RenderChecked(Conversation conversation, TemplateInput input, List<string> applied, RenderBudget budget)
    {
        PromptText text = RenderOnce(input, budget);
        return new(text, applied, RequestTextSearch.ContainsAll(text, conversation, budget));
    }

    private PromptText RenderOnce(TemplateInput input, RenderBudget budget) => _template.Render(_variables.Of(input, _noTools), budget, _time);

    private static TemplateInput Apply(IEnumerable<ConversationRepair> repairs, TemplateInput input, List<string> names)
    {
        foreach (ConversationRepair repair in repairs)
        {
            TemplateInput changed = repair.Apply(input);
            if (ReferenceEquals(changed, input))
                continue;
            names.Add(repair.Name);
            input = changed;
        }

        return input;
    }

    private void RunProbes(ConversationRepair repair, RenderBudget budget)
    {
        foreach (RepairProbe probe in repair.Probes)
        {
            TemplateInput input = Apply(_known.Where(known => known != repair), new(probe.Conversation), []);
            int score = Score(probe, input, budget);
            if (score >= probe.BestScore || (score == Failed && !probe.MayBeRefused) || score >= Score(probe, repair.Apply(input), budget))
                continue;
            if (!_known.Contains(repair))
                _known.Add(repair);
            if (score > Failed && !_always.Contains(repair))
                _always.Add(repair);
        }
    }

    private int Score(RepairProbe probe, TemplateInput input, RenderBudget budget)
    {
        try
        {
            return budget.Restart() ? probe.Score(RenderOnce(input, budget).Text) : Failed;
        }
        catch (TemplateException)
        {
            return Failed;
        }
    }

    /// <summary>
    /// Whether <c>tools</c> must be None if there are no tools. Without tools, the variable is usually undefined. Some templates compare it only with None,
    /// and would describe an empty list of tools.
    /// </summary>
    private bool DistinguishesNone(RenderBudget budget)
    {
        string? undefined = TryRender(null), empty = TryRender(new ListValue([])), none = TryRender(NoneValue.Instance);
        return none is not null && (undefined is null || (undefined == empty && none != undefined));

        string? TryRender(Value? tools)
        {
            try
            {
                return budget.Restart() ? _template.Render(_variables.Of(new(new([new("user", "x")])), tools), budget, _time).Text : null;
            }
            catch (TemplateException)
            {
                return null;
            }
        }
    }

    /// <summary>A rendering of a conversation.</summary>
    /// <param name="Text">The prompt.</param>
    /// <param name="Applied">The names of the repairs that changed the conversation.</param>
    /// <param name="IsComplete">Whether the prompt has the whole text of the conversation as the client sent it.</param>
    private sealed record Attempt(PromptText Text, IReadOnlyList<string> Applied, bool IsComplete);
}
