using System.Globalization;
using System.Text.RegularExpressions;

namespace RkLlama.Attack;

/// <summary>Counts the answers of one attack. Thread-safe.</summary>
internal sealed partial class Tally
{
    private const int MaxProblems = 3;
    private const int MaxProblemLength = 140;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, int> _statuses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _problems = [];
    private TimeSpan _longestInnocent;

    /// <summary>Answers to the attackers or to the innocent client that must not be.</summary>
    internal int Wrong { get; private set; }

    /// <summary>Requests of the innocent client, or of a correct client of an attack, without an answer.</summary>
    internal int Lost { get; private set; }

    /// <summary>Requests of the innocent client that were answered during the attack.</summary>
    internal int Served { get; private set; }

    internal double LongestInnocentMs
    {
        get
        {
            lock (_lock)
                return _longestInnocent.TotalMilliseconds;
        }
    }

    /// <summary>The number of answers per status, for instance <c>400×12 cut×3</c>.</summary>
    internal string Statuses
    {
        get
        {
            lock (_lock)
                return _statuses.Count == 0 ? "-" : string.Join(' ', _statuses.Select(status => $"{status.Key}×{status.Value}"));
        }
    }

    /// <summary>The most frequent problems.</summary>
    internal string Problems
    {
        get
        {
            lock (_lock)
                return string.Join("; ", _problems.OrderByDescending(problem => problem.Value).Take(MaxProblems).Select(problem => $"{problem.Value}× {problem.Key}"));
        }
    }

    internal void AddAnswer(Answer answer)
    {
        lock (_lock)
        {
            string kind = answer.End switch
            {
                AnswerEnd.Complete => answer.Status.ToString(CultureInfo.InvariantCulture),
                AnswerEnd.Cut => "cut",
                AnswerEnd.Hung => "hung",
                _ => "stopped",
            };
            _statuses[kind] = _statuses.GetValueOrDefault(kind) + 1;
        }
    }

    internal void AddInnocent(string? problem, TimeSpan duration, bool isDuringAttack)
    {
        lock (_lock)
        {
            if (duration > _longestInnocent)
                _longestInnocent = duration;
            if (problem is null && isDuringAttack)
                Served++;
        }

        if (problem is not null)
            Add(problem);
    }

    /// <param name="problem">Begins with <c>lost</c> if a request has no answer; otherwise an answer is wrong.</param>
    internal void Add(string problem)
    {
        // Ids differ in each answer.
        problem = LineEnd.Replace(Id.Replace(problem, "…"), " ");
        problem = problem.Length > MaxProblemLength ? problem[..MaxProblemLength] : problem;
        lock (_lock)
        {
            if (problem.StartsWith("lost", StringComparison.Ordinal))
                Lost++;
            else
                Wrong++;
            _problems[problem] = _problems.GetValueOrDefault(problem) + 1;
        }
    }

    [GeneratedRegex("[0-9a-f]{12,}")]
    private static partial Regex Id { get; }

    [GeneratedRegex("[\\r\\n]+")]
    private static partial Regex LineEnd { get; }
}
