/** Checks bodies, queries and parameters with their TypeBox schemas. */

import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';

/** Fastify's validator compiler. Queries arrive as text, so their numbers are converted first. */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const checker = Compile(schema);
  return (given: unknown) => {
    const value = httpPart === 'querystring' ? Value.Convert(schema, given) : given;
    if (checker.Check(value)) return { value };
    return { error: checker.Errors(value) };
  };
};
