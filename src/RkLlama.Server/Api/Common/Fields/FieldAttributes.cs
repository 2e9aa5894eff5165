using System.ComponentModel.DataAnnotations;

namespace RkLlama.Server.Api.Common.Fields;

/// <summary>
/// Marks a string property for which a value of another type counts as absent. Either the field has no effect, or the code that uses the body reports the
/// field as missing.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class IgnoreWrongTypeAttribute : Attribute;

/// <summary>
/// Range of a field that asks for several completions. The OpenAPI document has the range 0 to 1. <see cref="BodyReader"/> accepts larger values, because a
/// later check refuses them with a better message.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class CompletionCountAttribute() : RangeAttribute(0, 1);
