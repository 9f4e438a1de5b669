//! The first module: functions of the parts become stubs.

use anyhow::Result;
use walrus::ir::{BinaryOp, Value};
use walrus::{
    FunctionBuilder, FunctionId, FunctionKind, LocalId, Module, RefType, TableId, TypeId, ValType,
};

use crate::plan::Plan;

/// How stubs come to their functions.
struct Way {
    table: TableId,
    /// Takes a place, sees that it is filled, and gives it back.
    ready: FunctionId,
}

/// Makes a stub of every deferred function. Those to which nobody refers are then of no use.
pub(crate) fn put(module: &mut Module, plan: &Plan) -> Result<()> {
    let size = plan.size() as u64;
    let table = module.tables.add_local(false, size, Some(size), RefType::FUNCREF);
    module.exports.add("parts", table);
    let all: Vec<FunctionId> = module.funcs.iter_local().map(|(id, _)| id).collect();
    let way = Way { table, ready: ready(module, table, plan)? };
    for id in all.into_iter().filter(|id| plan.part(id.index()).is_some()) {
        let place = plan.place(id.index()).unwrap_or_default();
        let ty = module.funcs.get(id).ty();
        let stub = stub(module, ty, i32::try_from(place)?, &way);
        module.funcs.get_mut(id).kind = stub;
    }
    Ok(())
}

/// Loads the part whose place is still empty: parts have their places one after the other.
fn ready(module: &mut Module, table: TableId, plan: &Plan) -> Result<FunctionId> {
    let takes_part = module.types.add(&[ValType::I32], &[]);
    let (load, _) = module.add_import_func("parts", "load", takes_part);
    let mut builder = FunctionBuilder::new(&mut module.types, &[ValType::I32], &[ValType::I32]);
    let place = module.locals.add(ValType::I32);
    let mut body = builder.func_body();
    body.local_get(place).table_get(table).ref_is_null();
    let scripting = Value::I32(i32::try_from(plan.filled_by(0).len())?);
    body.if_else(
        None,
        |empty| {
            empty.local_get(place).const_(scripting).binop(BinaryOp::I32GeU).call(load);
        },
        |_| {},
    );
    body.local_get(place);
    Ok(builder.finish(vec![place], &mut module.funcs))
}

fn stub(module: &mut Module, ty: TypeId, place: i32, way: &Way) -> FunctionKind {
    let (parameters, results) = module.types.params_results(ty);
    let (parameters, results) = (parameters.to_vec(), results.to_vec());
    let arguments: Vec<LocalId> = parameters.iter().map(|ty| module.locals.add(*ty)).collect();
    let mut builder = FunctionBuilder::new(&mut module.types, &parameters, &results);
    let mut body = builder.func_body();
    for argument in &arguments {
        body.local_get(*argument);
    }
    body.const_(Value::I32(place)).call(way.ready).call_indirect(ty, way.table);
    FunctionKind::Local(builder.local_func(arguments))
}
