using RkLlama.Output.Patterns;
using RkLlama.Prompts;

namespace RkLlama.Output.StructuredJson;

/// <summary>
/// Counts the work of one validation and enforces its limits. The limits are the same in every build and do not depend on the stack size of the thread.
/// </summary>
/// <param name="cpu">The processor time of the validation.</param>
internal sealed class ValidationBudget(CpuBudget cpu)
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

    // The number of steps between two checks of the processor time and of cancellation.
    private const int StepsPerCheck = 64;

    private int _steps;
    private int _depth;

    /// <summary>Counts one step.</summary>
    /// <exception cref="ValidationLimitException">The validation has taken too many steps or too much processor time.</exception>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    internal void Step()
    {
        if (++_steps > MaxSteps)
            throw TooManySteps();
        if (_steps % StepsPerCheck == 0)
            ThrowIfTooSlow();
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
    /// <exception cref="ValidationLimitException">The validation has taken too many steps or too much processor time.</exception>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    internal bool IsMatch(Pattern pattern, string text)
    {
        Step();
        ThrowIfTooSlow();
        return pattern.IsMatch(text, ThrowIfTooSlow);
    }

    private void ThrowIfTooSlow()
    {
        if (cpu.IsExceeded())
            throw TooSlow();
    }

    private static ValidationLimitException TooManySteps() => new("the schema takes too many steps to check");

    private static ValidationLimitException TooSlow() => new("the schema takes too long to check");
}

/// <summary>The validation exceeded a limit. The message names the limit.</summary>
internal sealed class ValidationLimitException(string message) : Exception(message);
