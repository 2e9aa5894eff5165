using System.Runtime.CompilerServices;

namespace RkLlama.Prompts.Jinja;

/// <summary>Counts what one rendering has used. Owned by its thread.</summary>
internal sealed class RenderBudget(RenderLimits limits, TimeProvider time, CancellationToken cancellationToken)
{
    // How many steps may pass between two looks at the clock.
    private const int StepsPerCheck = 4096;

    private readonly long _start = time.GetTimestamp();
    private long _steps;
    private long _characters;
    private long _items;
    private int _callDepth;

    public RenderLimits Limits => limits;

    /// <summary>Counts one operation.</summary>
    /// <exception cref="TemplateException">The rendering has used up its steps or its time.</exception>
    public void Step()
    {
        if (++_steps > limits.Steps)
            throw new TemplateException("the chat template takes too many steps");
        if (_steps % StepsPerCheck == 0)
            CheckTime();
    }

    /// <summary>Counts list items before they are made.</summary>
    public void AddItems(long count)
    {
        _items += count;
        if (_items > limits.Items)
            throw new TemplateException("the chat template makes too many list items");
    }

    /// <summary>Counts characters before they are written.</summary>
    public void Grow(long count)
    {
        _characters += count;
        if (count > limits.TextLength || _characters > limits.Characters)
            throw new TemplateException("the chat template writes too much text");
        if (count > StepsPerCheck)
            CheckTime();
    }

    /// <summary>Enters a macro or a recursive loop; <see cref="LeaveCall"/> ends it.</summary>
    public void EnterCall()
    {
        if (++_callDepth > limits.CallDepth)
            throw new TemplateException("the chat template calls itself too deeply");
        CheckStack();
    }

    public void LeaveCall() => _callDepth--;

    /// <summary>Called where nested values or expressions recurse.</summary>
    public static void CheckStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateException("the chat template nests too deeply");
    }

    private void CheckTime()
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (time.GetElapsedTime(_start) > limits.Time)
            throw new TemplateException("the chat template takes too long");
    }
}
