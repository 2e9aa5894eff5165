using System.Diagnostics;
using System.Text.RegularExpressions;

namespace RkLlama.Output.StructuredJson;

/// <summary>
/// Counts the work of one validation and enforces its limits. The limits are the same in every build and do not depend on the stack size of the thread.
/// </summary>
internal sealed class ValidationBudget
{
    /// <summary>
    /// The maximum number of steps. A step applies a schema to a value, compares two values, or matches a pattern. Typical validations need some hundred
    /// steps.
    /// </summary>
    internal const int MaxSteps = 100_000;

    /// <summary>
    /// The maximum depth of recursion: the number of schemas whose check has started and not ended. A schema that applies itself to the same value reaches
    /// this limit.
    /// </summary>
    internal const int MaxDepth = 256;

    /// <summary>The maximum time of one pattern match.</summary>
    internal static readonly TimeSpan MatchTimeout = TimeSpan.FromMilliseconds(50);

    /// <summary>The maximum time of all pattern matches of one validation together.</summary>
    internal static readonly TimeSpan MaxMatchTime = TimeSpan.FromSeconds(1);

    private int _steps;
    private int _depth;
    private TimeSpan _matchTime;

    /// <summary>Counts one step.</summary>
    /// <exception cref="ValidationLimitException">The validation has taken too many steps.</exception>
    internal void Step()
    {
        if (++_steps > MaxSteps)
            throw TooManySteps();
    }

    /// <summary>Counts one step and one level of recursion. Called before a schema is applied; <see cref="Leave"/> is called afterwards.</summary>
    /// <exception cref="ValidationLimitException">The validation has taken too many steps or recurses too deeply.</exception>
    internal void Enter()
    {
        Step();
        if (_depth == MaxDepth)
            throw TooManySteps();
        _depth++;
    }

    internal void Leave() => _depth--;

    /// <summary>Matches a pattern and counts one step.</summary>
    /// <exception cref="ValidationLimitException">The validation has taken too many steps, or this match or all matches together took too
    /// long.</exception>
    internal bool IsMatch(Regex pattern, string text)
    {
        Step();
        if (_matchTime > MaxMatchTime)
            throw TooSlow();
        long start = Stopwatch.GetTimestamp();
        try
        {
            return pattern.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            throw TooSlow();
        }
        finally
        {
            _matchTime += Stopwatch.GetElapsedTime(start);
        }
    }

    private static ValidationLimitException TooManySteps() => new("the schema takes too many steps to check");

    private static ValidationLimitException TooSlow() => new("a pattern of the schema takes too long to match");
}

/// <summary>The validation exceeded a limit. The message names the limit.</summary>
internal sealed class ValidationLimitException(string message) : Exception(message);
